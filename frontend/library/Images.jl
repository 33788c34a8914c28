"""
    Images

Pictures from files and as arrays, through Pillow: `pip install "weber[images]"`.
"""
module Images

import Primitives

export load, save, channelview, colorview, imresize, Gray, RGB

# Pixels of UInt8 of size (height, width) when grey, else (channels, height, width).
struct Picture{A<:AbstractArray}
    pixels::A
end

isgrey(picture) = ndims(picture.pixels) == 2

"""
    load(path)

The picture in a file (PNG, JPEG and whatever Pillow reads): grey, or with 3 channels, or 4 with transparency.
"""
load(path::AbstractString) = Picture(Primitives.read_image(path))

"""
    save(path, picture)

Writes a picture, in the format that the name ends in.
"""
save(path::AbstractString, picture::Picture) = (Primitives.write_image(path, picture.pixels); nothing)
save(path::AbstractString, x::AbstractArray{<:Real}) = save(path, colorview(ndims(x) == 2 ? Gray : RGB, x))

"""
    channelview(picture)

The values of a picture from 0 to 1, of `Float32`: `(height, width)` when grey, else `(channels, height,
width)`. For a convolution, `permutedims(channelview(picture), (3, 2, 1))` has the size `(width, height,
channels)`.
"""
channelview(picture::Picture) = Float32.(picture.pixels) ./ 255f0

"""
    colorview(Gray, x), colorview(RGB, x)

The picture with these values, of size `(height, width)` for `Gray`, `(3, height, width)` for `RGB`.
"""
colorview(kind, x::AbstractArray{<:Real}) = colorview(kind, x, kind === Gray ? 2 : 3)
function colorview(kind, x, rank)
    ndims(x) == rank && (rank == 2 || size(x, 1) in (3, 4)) || throw(DimensionMismatch(
        "expected an array of size $(rank == 2 ? "(height, width)" : "(3, height, width)"), got size $(size(x))"))
    return Picture(UInt8.(round.(clamp.(x, 0, 1) .* 255)))
end

"""
    imresize(picture, (height, width))
    imresize(picture; ratio)

The picture at another size, by bilinear interpolation.
"""
imresize(picture::Picture, (height, width)::Tuple) =
    Picture(Primitives.resize_image(picture.pixels, height, width))
imresize(picture::Picture, height::Integer, width::Integer) = imresize(picture, (height, width))
imresize(picture::Picture; ratio::Real) = imresize(picture, map(n -> ceil(Int, n * ratio), size(picture)))

"""
    Gray(picture)

The picture in grey, `0.299 R + 0.587 G + 0.114 B`; also written `Gray.(picture)`.
"""
function Gray(picture::Picture)
    isgrey(picture) && return picture
    red, green, blue = (Float32.(picture.pixels[k, :, :]) for k in 1:3)
    return Picture(UInt8.(round.(0.299f0 .* red .+ 0.587f0 .* green .+ 0.114f0 .* blue)))
end

"""
    RGB(picture)

The picture with three channels; also written `RGB.(picture)`.
"""
RGB(picture::Picture) = Picture(
    isgrey(picture) ? repeat(reshape(picture.pixels, 1, size(picture)...), 3, 1, 1) : picture.pixels[1:3, :, :])

Base.size(picture::Picture) = isgrey(picture) ? size(picture.pixels) : size(picture.pixels)[2:3]
Base.size(picture::Picture, d::Integer) = size(picture)[d]
Base.:(==)(a::Picture, b::Picture) = a.pixels == b.pixels

function Base.show(io::IO, picture::Picture)
    kind = isgrey(picture) ? "Gray" : size(picture.pixels, 1) == 4 ? "RGBA" : "RGB"
    print(io, join(size(picture), "×"), " picture, ", kind)
end

end
