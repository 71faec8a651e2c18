export const invites = {
  title: "Invitation",
};
