export const View = ({name}: {name: string}) => (
  <p>
    Good day <b>{name}</b>
  </p>
);
