@async println("later")
