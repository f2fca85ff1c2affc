"""One module a format; each has `read(folder, ...)`, which gives a `Dataset` or a DataError that names the line."""
