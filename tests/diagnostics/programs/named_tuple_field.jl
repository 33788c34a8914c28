options = (rate = 0.1, epochs = 5)
options.epoch
