export const invites = {
  title: "Invite",
  declining: {
    title: "Decline this invite?",
    text: "The link will not work any more. To join later, you would have to be invited again.",
    action: "Decline",
  },
};
