using Statistics: meen
