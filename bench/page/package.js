/** The package that this page measures: the one that was built, or in a page with `?before` the one it is compared with. */
const before = new URLSearchParams(location.search).has('before');

export const xuchuan = await import(before ? '/before/index.js' : '/pkg/index.js');
