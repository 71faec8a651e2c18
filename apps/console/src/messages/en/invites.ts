export const invites = {
  title: "Invitation",
  declining: {
    title: "Decline this invitation?",
    text: "The link will not work any more. To join later, you would have to be invited again.",
    action: "Decline",
  },
};
