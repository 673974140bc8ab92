"""Images: reading their facts without decoding, and turning their bytes into the bytes of an example.

`probe`       what the bytes of an image say about it: size, format, mode, orientation
`names`       which files are named like images
`orient`      EXIF orientation of sizes, points and boxes
`downsample`  the size rules and where each pixel goes
`samples`     samples of more than 8 bits: the rules
`pipeline`    what a project does to an image, and when nothing has to be done
`render`      does it: `decoding` and `shrink` make pixels of bytes, `deep` those of more than 8 bits, and `encoding`
              makes bytes of pixels

Only `render` and what it uses load Pillow when they are imported, and `probe` when it meets a format that has no walk
of its own.
"""
