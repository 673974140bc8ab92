"""What the readers of formats are made of. `contents` is their seam; `request` is what they are asked."""
