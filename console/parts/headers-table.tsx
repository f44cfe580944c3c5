/** The headers of a message. */
export function HeadersTable(props: { label: string; headers: { name: string; value: string }[] }) {
  return (
    <table class="table headers" aria-label={props.label}>
      <tbody>
        {props.headers.map(({ name, value }, index) => (
          <tr key={index}>
            <th scope="row">{name}</th>
            <td>
              <bdi>{value}</bdi>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
