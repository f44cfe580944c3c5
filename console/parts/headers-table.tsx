/** Headers of a message, as they came. */
export function HeadersTable(props: {
  caption: string;
  headers: { name: string; value: string }[];
}) {
  return (
    <table class="table headers">
      <caption class="unseen">{props.caption}</caption>
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
