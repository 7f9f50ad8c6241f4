export const View = ({name}: {name: string}) => (
  <p>
    Hello <b>{name}</b>
  </p>
);
