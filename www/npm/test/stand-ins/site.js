// A web server on a port of its own, which answers as a test tells it.
import { once } from 'node:events';
import { createServer } from 'node:http';

/** Starts a server for one test; `answer(request, response)` answers. Returns its origin. */
export async function startSite(t, answer) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** Answers each request with `body`, of a content type, and notes the paths asked for in `asked`. */
export function serving(body, type, asked = []) {
  return ({ url }, response) => {
    asked.push(url);
    response.setHeader('content-type', type);
    response.end(body);
  };
}
