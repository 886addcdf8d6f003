/**
 * The element's words, by language tag. Another language is one more object of this shape, set before the element is shown:
 * `XuchuanUpload.strings.fr = { … }`. What it leaves out is said in English.
 */
export const strings = {
  en: {
    label: 'File upload',
    list: 'Files',
    chooseOne: 'Choose a file',
    choose: 'Choose files',
    folder: 'Choose a folder',
    drop: 'or drop here',
    maxSize: (size) => `Up to ${size} each`,
    maxFiles: (count) => `At most ${count} files`,

    start: 'Upload',
    pauseAll: 'Pause all',
    resumeAll: 'Resume all',
    clear: 'Remove all',
    pause: 'Pause',
    resume: 'Resume',
    retry: 'Try again',
    again: 'Choose the file again',
    remove: 'Remove',
    // A file, and what is to be said of it; what a button does, and to which file.
    about: (name, what) => `${name}: ${what}`,
    tally: (done, count) => `${done} of ${count} uploaded`,
    left: (time) => `${time} left`,

    chosen: 'Ready',
    queued: 'Waiting',
    hashing: 'Preparing',
    moving: 'Uploading',
    done: 'Uploaded',
    paused: 'Paused',
    unfinished: (percent, when) => `${percent} uploaded until ${when}`,
    'wait-backoff': 'Connection lost, trying again',
    'wait-offline': 'Offline, goes on by itself',

    failed: 'The upload failed',
    'error-rejected': 'The server refused it',
    'error-file-changed': 'This is not the same file',
    'error-file-unreadable': 'The file can’t be read',

    type: 'this kind of file is not accepted',
    size: (most) => `larger than ${most}`,
    count: (most) => `there are ${most} files already`,
    one: 'only one file can be uploaded',
    folders: 'folders can’t be uploaded',
    twice: 'already in the list',
    more: (count) => `and ${count} more`,

    added: (count) => (count === 1 ? '1 file added' : `${count} files added`),
    removed: 'removed',

    missing: 'Please choose a file.',
    busy: 'Not all files are uploaded yet.',
    broken: 'A file could not be uploaded. Try again or remove it.',
  },

  zh: {
    label: '上传文件',
    list: '文件',
    chooseOne: '选择文件',
    choose: '选择文件',
    folder: '选择文件夹',
    drop: '或拖放到这里',
    maxSize: (size) => `单个文件不超过 ${size}`,
    maxFiles: (count) => `最多 ${count} 个文件`,

    start: '上传',
    pauseAll: '全部暂停',
    resumeAll: '全部继续',
    clear: '全部移除',
    pause: '暂停',
    resume: '继续',
    retry: '重试',
    again: '重新选择文件',
    remove: '移除',
    about: (name, what) => `${name}：${what}`,
    tally: (done, count) => `已上传 ${done} / ${count}`,
    left: (time) => `还需 ${time}`,

    chosen: '待上传',
    queued: '等待中',
    hashing: '准备中',
    moving: '上传中',
    done: '已上传',
    paused: '已暂停',
    unfinished: (percent, when) => `截至 ${when} 已上传 ${percent}`,
    'wait-backoff': '连接中断，正在重试',
    'wait-offline': '已离线，联网后自动继续',

    failed: '上传失败',
    'error-rejected': '服务器拒绝了这个文件',
    'error-file-changed': '这不是同一个文件',
    'error-file-unreadable': '无法读取文件',

    type: '不支持这种文件',
    size: (most) => `超过 ${most}`,
    count: (most) => `已有 ${most} 个文件`,
    one: '只能上传一个文件',
    folders: '不能上传文件夹',
    twice: '已在列表中',
    more: (count) => `另有 ${count} 个`,

    added: (count) => `已添加 ${count} 个文件`,
    removed: '已移除',

    missing: '请选择文件。',
    busy: '还有文件没有上传完。',
    broken: '有文件未能上传，请重试或移除。',
  },
};
