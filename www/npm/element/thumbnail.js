// In pixels: twice as fine as it is shown, for screens that can show that.
const HEIGHT = 80;
// A larger picture takes too long, and too much memory, for what can be seen of it.
const LARGEST = 40_000_000;

const files = new WeakMap();
// One after the other: each is as large as the whole picture while it is decoded.
let last = Promise.resolve();
let sight;

/** Shows a picture in `place` when that comes into sight; what is no picture, or can't be decoded, leaves it as it is. */
export function showThumbnail(place, file) {
  if (!file?.type.startsWith('image/') || file.size > LARGEST) return;
  files.set(place, file);
  sight ??= new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      last = last.then(() => draw(target)).catch(() => {});
    }
  });
  sight.observe(place);
}

// Onto a canvas: an `img` of the file would need `img-src blob:` in the page's policy, and hold the whole picture.
async function draw(place) {
  const picture = await createImageBitmap(files.get(place), { resizeHeight: HEIGHT });
  const canvas = document.createElement('canvas');
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext('bitmaprenderer').transferFromImageBitmap(picture);
  place.replaceChildren(canvas);
}
