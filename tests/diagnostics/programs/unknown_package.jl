using Fluxx
