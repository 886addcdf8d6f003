import { createRoot } from "react-dom/client";
import { Uploader } from "./Uploader.tsx";

createRoot(document.getElementById("app")).render(<Uploader />);
