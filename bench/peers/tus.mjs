// The tus server that the bench compares with: `node tus.mjs <node_modules> <port> <data> <stand's URL> <page> <pkg>`.
// It serves the bench's page too, so that uploads to it are of the same origin, and passes the page's reports on.
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, port, data, stand, page, pkg] = process.argv.slice(2);
const from = async (name) => import(pathToFileURL(join(modules, name, 'dist', 'index.js')));
const { Server } = await from('@tus/server');
const { FileStore } = await from('@tus/file-store');

const tus = new Server({ path: '/tus', datastore: new FileStore({ directory: data }) });
const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

async function report(request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const { status } = await fetch(`${stand}/report`, { method: 'POST', body: Buffer.concat(parts) });
  response.writeHead(status).end();
}

function file(url, response) {
  const path = normalize(url.pathname === '/' ? '/index.html' : url.pathname);
  const folder = [['/peers', modules], ['/pkg', pkg]].find(([prefix]) => path.startsWith(`${prefix}/`));
  const name = folder ? join(folder[1], path.slice(folder[0].length)) : join(page, path);
  createReadStream(name)
    .on('open', () => response.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'application/octet-stream' }))
    .on('error', () => response.writeHead(404).end())
    .pipe(response);
}

createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname.startsWith('/tus')) tus.handle(request, response);
  else if (url.pathname === '/report') report(request, response);
  else file(url, response);
}).listen(Number(port), '127.0.0.1');
