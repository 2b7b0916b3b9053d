"""What runs inside the user's agent and notebook.  Never raises into the agent."""
