import { startEngine } from './engine/start';

const status = document.querySelector('#engine-status');
const engine = startEngine((told) => {
  if (status) status.textContent = JSON.stringify(told);
});
Object.assign(globalThis, { engine });
