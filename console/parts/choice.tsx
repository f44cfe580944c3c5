/** One of a few values, as radio buttons. */
export function Choice<V extends string>(props: {
  name: string;
  legend: string;
  options: { value: V; label: string; lang?: string }[];
  value: V;
  onChange: (value: V) => void;
}) {
  return (
    <fieldset class="choice">
      <legend>{props.legend}</legend>
      {props.options.map(({ value, label, lang }) => (
        <label key={value}>
          <input
            type="radio"
            name={props.name}
            checked={props.value === value}
            onChange={() => props.onChange(value)}
          />
          <span lang={lang}>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
