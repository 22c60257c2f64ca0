
"use strict";
// All there is to know can be read and heard without this: it plays sounds in turn, at the same
// moment, shows where they are, and copies texts.
const all = [...document.querySelectorAll("audio")];

for (const match of document.querySelectorAll(".match")) {
  const players = [...match.querySelectorAll("audio")];
  if (!players.length) continue;
  const plots = [...match.querySelectorAll(".plot[data-seconds]")];
  const heads = plots.map((plot) => {
    const head = document.createElement("i");
    head.className = "head";
    head.hidden = true;
    plot.append(head);
    return head;
  });
  let current = null;

  const show = () => {
    const place = (100 * current.currentTime) / plots[0].dataset.seconds;
    for (const head of heads) {
      head.hidden = false;
      head.style.left = `${Math.min(place, 100)}%`;
    }
    if (!current.paused) requestAnimationFrame(show);
  };

  for (const player of players) {
    player.addEventListener("play", () => {
      // Another one that plays stops, and this one goes on from there.
      if (current && current !== player && !current.paused) {
        player.currentTime = current.currentTime;
      }
      for (const other of all) if (other !== player) other.pause();
      current = player;
      requestAnimationFrame(show);
    });
    player.addEventListener("seeked", () => {
      if (player === current) show();
    });
  }

  plots.forEach((plot) => {
    const player = match.querySelector(`audio[data-name="${plot.dataset.plays}"]`);
    if (!player) return;
    plot.addEventListener("click", (event) => {
      const { left, width } = plot.getBoundingClientRect();
      for (const other of all) other.pause();
      player.currentTime = ((event.clientX - left) / width) * plot.dataset.seconds;
      player.play();
    });
  });

  const loop = document.createElement("button");
  loop.type = "button";
  loop.textContent = "Loop";
  loop.setAttribute("aria-pressed", "false");
  loop.addEventListener("click", () => {
    const on = loop.getAttribute("aria-pressed") === "false";
    loop.setAttribute("aria-pressed", String(on));
    for (const player of players) player.loop = on;
  });
  const hint = document.createElement("span");
  hint.className = "hint";
  hint.textContent = "While one plays, start another: it goes on from there.";
  match.querySelector(".tools").append(hint, loop);
}

for (const text of document.querySelectorAll("pre[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text.dataset.copy;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      button.textContent = "Selected: copy it";
    }
  });
  text.after(button);
}

addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("details")) each.open = true;
});
