// A worker's file: what is started, or imported by a worker of your own for init({ worker }). It exports nothing.
export {};
