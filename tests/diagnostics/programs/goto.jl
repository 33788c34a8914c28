function f()
    @goto done
    @label done
end
f()
