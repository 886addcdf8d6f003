// What the code in README and guide takes for granted: things of the reader's page.
declare const file: File;
declare const files: File[];
declare const blob: Blob;
declare const url: string;
declare const bar: HTMLProgressElement;
declare const button: HTMLButtonElement;
declare const input: HTMLInputElement;
declare function show(text: string): void;
declare function getToken(): Promise<string>;

// The File System Access API, which TypeScript's library leaves to Chromium (https://wicg.github.io/file-system-access/).
declare function showOpenFilePicker(): Promise<[FileSystemFileHandle]>;
declare function showSaveFilePicker(options: { suggestedName: string }): Promise<FileSystemFileHandle>;

// As much of other products as the examples use; their own types are checked by hand.
declare const uppy: {
  addUploader(uploader: (ids: string[]) => Promise<void>): void;
  getFile(id: string): { data: unknown };
  emit(event: string, ...told: unknown[]): void;
};
declare const FilePond: {
  setOptions(options: {
    server: {
      process(
        field: string,
        file: File,
        metadata: object,
        load: (id: string) => void,
        error: (message: string) => void,
        progress: (computable: boolean, done: number, total: number) => void,
        abort: () => void,
      ): { abort(): void };
    };
  }): void;
};
