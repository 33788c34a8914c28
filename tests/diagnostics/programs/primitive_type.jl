primitive type Byte 8 end
