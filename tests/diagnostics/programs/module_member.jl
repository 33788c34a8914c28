module Tools
    helper() = 1
end
Tools.helpr()
