// What every project's page does: it uploads the file that is chosen, and shows what came of it. Copied into each project.

/** Sets the page up; `upload` is the package's, however the project came by it. */
export function page(upload) {
  const input = document.querySelector('input');
  const output = document.querySelector('output');
  // A page that a development server gives has its API elsewhere.
  const endpoint = new URLSearchParams(location.search).get('endpoint') ?? '/api/upload';
  input.addEventListener('change', async () => {
    const transfer = upload(input.files[0], { endpoint });
    try {
      const { fileId } = await transfer.done;
      output.textContent = JSON.stringify({ fileId, hashing: transfer.report().environment.hashing });
    } catch ({ name, code, message }) {
      output.textContent = JSON.stringify({ failed: `${name} ${code}: ${message}` });
    }
  });
  document.body.dataset.ready = '';
}
