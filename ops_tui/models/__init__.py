"""What is shown, without a widget: from messages of appliance.wire.ops to lines, cells and words."""
