"""Recipes, augmentation, losses and the fit."""
