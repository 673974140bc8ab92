"""The way in, the same for all formats. `importing` is its front; `reading` reads the files that changed, `placing`
puts annotations where they belong, `collecting` counts, `receipts` remembers what was imported before.
"""
