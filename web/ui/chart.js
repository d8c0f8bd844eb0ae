// <tc-chart>: a small time series, drawn by uPlot where the server has it. Without it, nothing is drawn
// and the figures beside it say it all.

/** @typedef {{ label: string, colour: string, unit: string, step?: boolean }} Line */
/** @typedef {{ columns: (number | null)[][], lines: Line[], label: string, spanS: number, spark?: boolean }} ChartView */

const SCRIPT = '/vendor/uplot/uPlot.esm.js';
const STYLE = '/vendor/uplot/uPlot.min.css';
/** @type {Promise<any> | undefined} */
let library;

/** uPlot, or null where it is not installed. */
export function charts() {
  library ??= import(SCRIPT).then(
    (module) => {
      const link = document.createElement('link');
      link.rel = 'stylesheet';
      link.href = STYLE;
      document.head.append(link);
      return module.default;
    },
    () => null,
  );
  return library;
}

const dark = matchMedia('(prefers-color-scheme: dark)');

export class Chart extends HTMLElement {
  /** @type {ChartView | null} */ #view = null;
  /** @type {any} */ #plot = null;
  /** @type {AbortController | null} */ #life = null;
  #shape = '';

  connectedCallback() {
    this.#life = new AbortController();
    this.setAttribute('role', 'img');
    const watcher = new ResizeObserver(() => this.#resize());
    watcher.observe(this);
    this.#life.signal.addEventListener('abort', () => watcher.disconnect());
    dark.addEventListener('change', () => this.#drop(), { signal: this.#life.signal });
    this.#update();
  }

  disconnectedCallback() {
    this.#life?.abort();
    this.#drop(false);
  }

  set view(/** @type {ChartView} */ view) {
    this.#view = view;
    if (this.isConnected) {
      this.#update();
    }
  }

  async #update() {
    const view = this.#view;
    const uPlot = await charts();
    if (!view || view !== this.#view || !this.isConnected) {
      return;
    }
    this.setAttribute('aria-label', view.label);
    this.hidden = !uPlot;
    if (!uPlot || this.clientWidth === 0) {
      return;
    }
    const shape = JSON.stringify(view.lines);
    if (this.#plot && shape === this.#shape) {
      this.#plot.setData(view.columns);
      return;
    }
    this.#drop(false);
    this.#shape = shape;
    this.#plot = new uPlot(this.#options(uPlot, view), view.columns, this);
  }

  #resize() {
    if (this.#plot && this.clientWidth > 0) {
      this.#plot.setSize({ width: this.clientWidth, height: this.clientHeight });
    } else if (!this.#plot) {
      this.#update();
    }
  }

  #drop(again = true) {
    this.#plot?.destroy();
    this.#plot = null;
    if (again) {
      this.#update();
    }
  }

  /** @param {string} name of a custom property */
  #colour(name) {
    return getComputedStyle(this).getPropertyValue(name).trim();
  }

  /**
   * @param {any} uPlot
   * @param {ChartView} view
   */
  #options(uPlot, { lines, spanS, spark }) {
    const ink = this.#colour('--ink-2');
    const grid = { stroke: this.#colour('--line'), width: 1 };
    const axis = { stroke: ink, grid, ticks: grid, font: `12px ${this.#colour('--font')}` };
    return {
      width: this.clientWidth,
      height: this.clientHeight,
      legend: { show: false },
      cursor: spark ? { show: false } : { y: false, drag: { x: false, y: false } },
      padding: spark ? [2, 0, 2, 0] : [8, 8, 0, 0],
      scales: {
        // The newest is at the right edge, whatever there was before.
        x: {
          time: true,
          range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => [
            high - spanS,
            high,
          ],
        },
        y: {
          range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => [
            0,
            high > 0 ? high * 1.1 : 1,
          ],
        },
      },
      axes: spark
        ? [{ show: false }, { show: false }]
        : [
            { ...axis, values: clock, size: 30, space: 80 },
            { ...axis, size: 48, space: 36 },
          ],
      series: [
        {},
        ...lines.map(({ label, colour, step }) => ({
          label,
          stroke: this.#colour(colour),
          width: spark ? 1.5 : 2,
          points: { show: (/** @type {any} */ plot) => plot.data[0].length < 3, size: 4 },
          paths: step ? uPlot.paths.stepped({ align: 1 }) : undefined,
        })),
      ],
      hooks: { setCursor: [(/** @type {any} */ plot) => this.#pointed(plot)] },
    };
  }

  /** @param {any} plot */
  #pointed({ cursor }) {
    this.dispatchEvent(new CustomEvent('tc-pointed', { detail: cursor.idx ?? null }));
  }
}

/** @param {any} _ @param {number[]} seconds */
function clock(_, seconds) {
  return seconds.map((each) =>
    new Date(each * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }),
  );
}

customElements.define('tc-chart', Chart);
