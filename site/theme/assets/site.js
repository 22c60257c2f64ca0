// What the pages of the documentation do beside what mkdocs-material does.

// "Try it" opens the playground in the place of the program; without this, in the place of the page.
// Nothing of the playground is loaded before that.

for (const link of document.querySelectorAll('.try > a')) {
  link.addEventListener('click', (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (innerWidth < 800) return; // A phone has room for one of them.
    event.preventDefault();
    open(link);
  });
}

function open(link) {
  const bar = link.parentElement;
  const program = bar.previousElementSibling;
  const playground = document.createElement('iframe');
  playground.className = 'tried';
  playground.src = link.href;
  playground.title = 'Playground';
  playground.allow = 'autoplay; microphone';

  const close = document.createElement('button');
  close.type = 'button';
  close.textContent = 'Close';
  const whole = document.createElement('a');
  whole.href = link.href;
  whole.textContent = 'On a page of its own';
  // What was edited meanwhile goes along: the address of the playground carries it.
  whole.addEventListener('click', () => {
    whole.href = playground.contentWindow.location.href;
  });

  program.hidden = true;
  link.hidden = true;
  bar.before(playground);
  bar.append(whole, close);
  close.focus({ preventScroll: true });
  playground.scrollIntoView({ block: 'nearest' });
  close.addEventListener('click', () => {
    playground.remove();
    whole.remove();
    close.remove();
    program.hidden = false;
    link.hidden = false;
    link.focus();
  });
}

// Tables that are wider than the page can be moved by keyboard.
addEventListener('load', () => {
  for (const area of document.querySelectorAll('.md-typeset__scrollwrap')) {
    if (area.scrollWidth <= area.clientWidth) continue;
    area.tabIndex = 0;
    area.setAttribute('role', 'region');
    area.setAttribute('aria-label', 'Table');
  }
});
