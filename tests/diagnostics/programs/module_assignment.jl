module Settings
    rate = 1
end
Settings.rate = 2
