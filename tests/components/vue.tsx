import { createApp } from "vue";
import Uploader from "./Uploader.vue";

createApp(Uploader).mount("#app");
