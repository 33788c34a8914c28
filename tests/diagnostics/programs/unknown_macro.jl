@assrt 1 == 1
