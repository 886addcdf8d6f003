import { mount } from "svelte";
import Uploader from "./Uploader.svelte";

mount(Uploader, { target: document.getElementById("app") });
