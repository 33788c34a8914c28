# Handwritten digits with a small convolutional network: batch normalisation and dropout make running statistics and
# random numbers part of the state.
#
#     weber compile examples/digits_conv.jl -o build/
#     weber run examples/digits_conv.jl

using Flux
using NPZ: npzread
using Printf: @printf
using Random: seed!
using Statistics: mean

seed!(2)

model = Chain(
    Conv((3, 3), 1 => 16; pad = 1, bias = false), BatchNorm(16, relu),
    Conv((3, 3), 16 => 32; pad = 1, bias = false), BatchNorm(32, relu),
    MaxPool((2, 2)),
    Flux.flatten,
    Dense(4 * 4 * 32 => 64, relu),
    Dropout(0.4),
    Dense(64 => 10),
)
opt = Flux.setup(Adam(2e-3), model)

"""
The probability of each digit, for `N` images of 8×8 pixels from 0 to 1: width, height, channel, image.
"""
@export predict(x::Float32[8, 8, 1, N]) = softmax(model(x))

"""
One step of training on `N` images and their digits, one-hot. Returns the loss before the step.
"""
@export function train_step(x::Float32[8, 8, 1, N], y::Float32[10, N])
    loss, grads = Flux.withgradient(m -> Flux.logitcrossentropy(m(x), y), model)
    Flux.update!(opt, model, grads[1])
    return loss
end

# --- as a script: trains on four fifths of the data and reports the accuracy on the rest ----------------------------

function load_digits()
    data = npzread(joinpath(@__DIR__, "data", "digits.npz"))
    images = reshape(permutedims(data["images"], (3, 2, 1)), 8, 8, 1, :)
    order = mod.((0:1796) .* 1000, 1797) .+ 1  # a fixed permutation
    return Float32.(images[:, :, :, order]) ./ 16, data["labels"][order]
end

accuracy(x, labels) = mean(onecold(predict(x), 0:9) .== labels)

function main(; epochs = 12, batchsize = 32)
    x, labels = load_digits()
    y = Float32.(onehotbatch(labels, 0:9))
    training, held_out = 1:1437, 1438:1797
    batches = DataLoader((x[:, :, :, training], y[:, training]); batchsize, shuffle = true, partial = false)
    for epoch in 1:epochs
        epoch == 9 && Flux.adjust!(opt, 5e-4)
        loss = mean(train_step(batch...) for batch in batches)
        @printf("epoch %2d  loss %.4f  held-out accuracy %.2f%%\n",
                epoch, loss, 100 * accuracy(x[:, :, :, held_out], labels[held_out]))
    end
end

if abspath(PROGRAM_FILE) == @__FILE__
    main()
end
