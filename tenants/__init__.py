"""Who is it, and what may they? Users, organizations, memberships, the walls between tenants, audit."""
