const RATE = 0.1
RATE = 0.2
