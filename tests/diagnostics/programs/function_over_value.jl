size_ = 3
size_(x) = x
