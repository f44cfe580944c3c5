import { useTexts } from '../model/context.ts';
import { linesOf, rangeOf, type Sample } from '../model/samples.ts';
import { overview } from '../texts/overview.ts';

// Units of the drawing, which is stretched to its container.
const SIZE = { width: 300, height: 40 };
const EDGE = 3;

/** The last five minutes of a figure, as a line and in words. */
export function Sparkline(props: {
  what: string;
  samples: Sample[];
  format: (value: number) => string;
}) {
  const texts = useTexts(overview);
  const { what, samples, format } = props;
  const range = rangeOf(samples);
  const words =
    range === null
      ? texts.noChart(what)
      : texts.chart(what, format(range.last), format(range.min), format(range.max));
  return (
    <figure class="sparkline">
      <svg
        viewBox={`0 ${-EDGE} ${SIZE.width} ${SIZE.height + 2 * EDGE}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={words}
      >
        <line x1="0" x2={SIZE.width} y1={SIZE.height} y2={SIZE.height} class="ground" />
        {linesOf(samples, SIZE).map((line) => (
          // A lone point is drawn by the round end of a line without length.
          <path key={line} d={`${line}h0`} class="drawn" />
        ))}
      </svg>
      <figcaption aria-hidden="true">{range && texts.chartMax(format(range.max))}</figcaption>
    </figure>
  );
}
