"""What can be done in a story: each verb reads its phrases, does the deed, prints what came."""
