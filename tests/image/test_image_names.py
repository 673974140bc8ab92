import pytest

from dvcore.image.names import is_image_name


@pytest.mark.parametrize("name", ["a.jpg", "A.JPEG", "x/y.z/b.Png", "ä ö.tif", "a.b.webp", "dot.in/.name.gif"])
def test_names_of_images(name):
    assert is_image_name(name)


@pytest.mark.parametrize(
    "name", ["README", ".jpg", "a.jpg.txt", "jpg", "a.", "", "photos.png/readme", "a.svg", "a.pdf"]
)
def test_other_names(name):
    assert not is_image_name(name)
