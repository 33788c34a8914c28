"""Running artifacts: sessions, device-resident state, checkpoints. Needs neither the frontend nor lark."""
