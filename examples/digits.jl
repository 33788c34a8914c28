# Handwritten digits with a multilayer perceptron.
#
#     weber compile examples/digits.jl -o build/     two artifacts: predict and train_step
#     weber run examples/digits.jl                   trains here and reports

using Flux
using NPZ: npzread
using Printf: @printf
using Random: seed!
using Statistics: mean

seed!(1)

model = Chain(Dense(64 => 512, relu), Dense(512 => 10))
opt = Flux.setup(AdamW(2e-3, (0.9, 0.999), 0.1), model)

"""
The probability of each digit, for `N` images in columns: 8×8 pixels from 0 to 1, row by row.
"""
@export predict(x::Float32[64, N]) = softmax(model(x))

"""
One step of training on `N` images and their digits, one-hot. Returns the loss before the step.
"""
@export function train_step(x::Float32[64, N], y::Float32[10, N])
    loss, grads = Flux.withgradient(m -> Flux.logitcrossentropy(m(x), y), model)
    Flux.update!(opt, model, grads[1])
    return loss
end

# --- as a script: trains on four fifths of the data and reports the accuracy on the rest ----------------------------

function load_digits()
    data = npzread(joinpath(@__DIR__, "data", "digits.npz"))
    pixels = reshape(permutedims(data["images"], (3, 2, 1)), 64, :)
    order = mod.((0:1796) .* 1000, 1797) .+ 1  # a fixed permutation
    return Float32.(pixels[:, order]) ./ 16, data["labels"][order]
end

accuracy(x, labels) = mean(onecold(predict(x), 0:9) .== labels)

function main(; epochs = 40, batchsize = 32)
    x, labels = load_digits()
    y = Float32.(onehotbatch(labels, 0:9))
    training, held_out = 1:1437, 1438:1797
    batches = DataLoader((x[:, training], y[:, training]); batchsize, shuffle = true, partial = false)
    for epoch in 1:epochs
        loss = mean(train_step(batch...) for batch in batches)
        @printf("epoch %2d  loss %.4f  held-out accuracy %.2f%%\n",
                epoch, loss, 100 * accuracy(x[:, held_out], labels[held_out]))
    end
end

if abspath(PROGRAM_FILE) == @__FILE__
    main()
end
