// One page for each component: the folders that `cargo xtask test` puts here.
import { readdirSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  plugins: [vue(), svelte()],
  esbuild: { jsx: "automatic" },
  build: {
    rollupOptions: { input: readdirSync("pages").map((name) => `pages/${name}/index.html`) },
    reportCompressedSize: false,
  },
});
