// What only the browser knows or must answer at once: keys, copying, theme, the reader's zone, whether the page is scrolled.
// It evaluates nothing and builds no markup; every listener stands on the document, so pages may come and go.
(() => {
  'use strict';
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');

  // One cookie tells the server how to draw the first frame: theme, what the system prefers, the zone of the clock.
  const remember = () => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
    const value = [root.dataset.theme || 'system', dark.matches ? 'dark' : 'light', zone].join('|');
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    document.cookie = `waybill-ui=${encodeURIComponent(value)}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  };
  remember();
  dark.addEventListener('change', remember);

  let top = null;
  const atTop = () => scrollY < 8;
  addEventListener('scroll', () => {
    if (top && atTop() !== top.last) {
      top.last = atTop();
      top.page.invokeMethodAsync('ScrolledToTop', top.last);
    }
  }, { passive: true });

  window.waybill = {
    setTheme(theme) {
      if (theme === 'system') delete root.dataset.theme; else root.dataset.theme = theme;
      remember();
      return theme === 'dark' || (theme === 'system' && dark.matches);
    },
    watchTop(page) { top = { page, last: atTop() }; return top.last; },
    forgetTop() { top = null; },
    toTop() { scrollTo({ top: 0 }); },
  };

  const typing = (target) => target.closest?.('input, textarea, select, [contenteditable]');
  const rows = () => [...document.querySelectorAll('[data-row]')];
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by))];
    next.focus({ preventScroll: true, focusVisible: true });
    next.closest('tr, li')?.scrollIntoView({ block: 'nearest' });
  };
  const help = () => document.getElementById('help')?.showModal();

  let before = '';
  document.addEventListener('keydown', (e) => {
    if (e.key === 'Escape') {
      document.querySelectorAll('details.menu[open]').forEach((d) => { d.open = false; d.querySelector('summary')?.focus(); });
      document.body.classList.remove('nav-open');
      if (typing(e.target)) e.target.blur();
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || document.querySelector('dialog[open]')) return;
    const key = before + e.key;
    before = '';
    const go = document.querySelector(`[data-keys="${CSS.escape(key)}"]`);
    if (go) { e.preventDefault(); go.click(); return; }
    switch (e.key) {
      case '/': e.preventDefault(); document.getElementById('search')?.select(); break;
      case 'j': e.preventDefault(); step(1); break;
      case 'k': e.preventDefault(); step(-1); break;
      case '?': e.preventDefault(); help(); break;
      case 'g': before = 'g '; setTimeout(() => { before = ''; }, 1200); break;
    }
  });

  const copy = async (button) => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add('copied');
    setTimeout(() => button.classList.remove('copied'), 1500);
  };
  document.addEventListener('click', (e) => {
    document.querySelectorAll('details.menu[open]').forEach((d) => { if (!d.contains(e.target)) d.open = false; });
    const hit = (selector) => e.target.closest?.(selector);
    if (hit('[data-copy]')) { e.preventDefault(); copy(hit('[data-copy]')); }
    else if (hit('[data-nav-toggle]')) document.body.classList.toggle('nav-open');
    else if (hit('.nav a')) document.body.classList.remove('nav-open');
    else if (hit('[data-help]')) help();
    else if (hit('dialog.help') && e.target.tagName === 'DIALOG') e.target.close();
  });

  // A server that was started anew does not know this page any more: it is drawn again, at the same address.
  const lost = document.getElementById('components-reconnect-modal');
  lost?.addEventListener('components-reconnect-state-changed', (e) => {
    switch (e.detail.state) {
      case 'show': lost.show(); break;
      case 'hide': lost.close(); break;
      case 'failed':
      case 'rejected': setTimeout(() => location.reload(), 1000); break;
    }
  });

  // A filter that opens is ready to be typed into.
  document.addEventListener('toggle', (e) => {
    if (e.target.matches?.('details.menu[open]')) e.target.querySelector('input:not([type=hidden], [type=checkbox])')?.focus();
  }, true);
})();
