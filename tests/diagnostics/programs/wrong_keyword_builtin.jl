sort([2, 1]; reverse = true)
