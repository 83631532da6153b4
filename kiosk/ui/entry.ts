/** The entry screen follows its lane by itself; nothing on it can be touched. */

document.addEventListener("contextmenu", (event) => event.preventDefault());
document.addEventListener("selectstart", (event) => event.preventDefault());

export {};
